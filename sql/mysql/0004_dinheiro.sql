-- What the payment of an order needs to remember. Every statement may be run again.

-- `entregue_em`: when an order that was taken back from Finalizado had been handed over. `qr_recusado`: the provider
-- refused to make its QR code. An id is compared byte by byte.
SET @alterar = (SELECT IF(COUNT(*) = 0, 'ALTER TABLE pedidos ADD COLUMN entregue_em DATETIME NULL, ADD COLUMN qr_recusado TINYINT NOT NULL DEFAULT 0, MODIFY COLUMN id_pagamento VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL', 'DO 0')
  FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'pedidos' AND column_name = 'entregue_em');
PREPARE alterar FROM @alterar;
EXECUTE alterar;

-- `motivo`: the kind of `pendencia`. `chave_em`: when `chave` was made. `incerta_ate`: until when charges too many may
-- turn up, after a creation whose outcome was not known.
SET @alterar = (SELECT IF(COUNT(*) = 0, 'ALTER TABLE cobrancas ADD COLUMN motivo INT NULL, ADD COLUMN chave_em DATETIME NULL, ADD COLUMN incerta_ate DATETIME NULL', 'DO 0')
  FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'cobrancas' AND column_name = 'incerta_ate');
PREPARE alterar FROM @alterar;
EXECUTE alterar;
DEALLOCATE PREPARE alterar;

-- Charges that the provider has for an order beside the one in `cobrancas`.
CREATE TABLE IF NOT EXISTS cobrancas_a_mais (
  id_externo  VARCHAR(64)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  pedido      INT           NOT NULL,
  situacao    INT           NOT NULL,
  valor       DECIMAL(14,2) NOT NULL,
  reembolsado DECIMAL(14,2) NOT NULL,
  resolvida   TINYINT       NOT NULL DEFAULT 0,
  KEY cobrancas_a_mais_do_pedido (pedido),
  FOREIGN KEY (pedido) REFERENCES pedidos (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

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
