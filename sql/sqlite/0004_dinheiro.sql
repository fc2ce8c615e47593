-- The same as in ../mysql.

ALTER TABLE pedidos ADD COLUMN entregue_em TEXT;
ALTER TABLE pedidos ADD COLUMN qr_recusado INTEGER NOT NULL DEFAULT 0;

ALTER TABLE cobrancas ADD COLUMN motivo INTEGER;
ALTER TABLE cobrancas ADD COLUMN chave_em TEXT;
ALTER TABLE cobrancas ADD COLUMN incerta_ate TEXT;

CREATE TABLE cobrancas_a_mais (
  id_externo  TEXT PRIMARY KEY,
  pedido      INTEGER NOT NULL REFERENCES pedidos (id),
  situacao    INTEGER NOT NULL,
  valor       TEXT    NOT NULL,
  reembolsado TEXT    NOT NULL,
  resolvida   INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX cobrancas_a_mais_do_pedido ON cobrancas_a_mais (pedido);

UPDATE pedidos SET entregue_em = (SELECT MAX(e.datahora) FROM eventos e WHERE e.pedido = pedidos.id AND e.tipo = 'movimento' AND e.para = 4)
  WHERE entregue_em IS NULL AND status_pedido IN (1, 2, 3, 5);

-- The code of a charge that has ended cannot be paid.
UPDATE pedidos SET qr_data = NULL, versao = versao + 1
  WHERE qr_data IS NOT NULL AND id IN (SELECT pedido FROM cobrancas WHERE situacao IN (2, 3));

UPDATE cobrancas SET motivo = CASE
    WHEN pendencia LIKE 'O Mercado Pago recusou criar%' OR pendencia LIKE 'O Mercado Pago não responde%' THEN 1
    WHEN pendencia LIKE 'O Mercado Pago não mostra%' THEN 2
    WHEN pendencia LIKE '%a cobrança foi cancelada' OR pendencia LIKE 'O Mercado Pago recusou cancelar%' THEN 3
    WHEN pendencia LIKE 'O Mercado Pago ainda não fez%' OR pendencia LIKE 'O Mercado Pago não confirma o reembolso%' THEN 4
    WHEN pendencia LIKE 'O Mercado Pago não faz%' THEN 5
    WHEN pendencia LIKE 'O Mercado Pago mostra%' THEN 7
    WHEN pendencia LIKE 'O pagamento foi devolvido%' THEN 8
    WHEN pendencia LIKE 'O QR code expirou%' THEN 9
    ELSE 6 END
  WHERE pendencia IS NOT NULL AND motivo IS NULL;

-- What was settled in the meantime.
UPDATE cobrancas SET pendente_desde = NULL WHERE pendente_desde IS NOT NULL AND motivo IN (1, 9)
  AND pedido IN (SELECT id FROM pedidos WHERE status_pedido = 5 OR status_pagamento IN (2, 4));
