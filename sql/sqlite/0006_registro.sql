-- The same as in ../mysql.

CREATE TABLE restaurante (
  id                INTEGER PRIMARY KEY,
  nome              TEXT    NOT NULL,
  cidade            TEXT    NOT NULL,
  fuso              TEXT    NOT NULL,
  dia               TEXT    NOT NULL,
  proxima_senha     INTEGER NOT NULL,
  proxima_sequencia INTEGER NOT NULL
) STRICT;

ALTER TABLE eventos ADD COLUMN sequencia INTEGER;
ALTER TABLE eventos ADD COLUMN ator TEXT;
ALTER TABLE eventos ADD COLUMN dados TEXT;
UPDATE eventos SET sequencia = novos.n
  FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY id) AS n FROM eventos) AS novos WHERE novos.id = eventos.id;
CREATE UNIQUE INDEX eventos_sequencia ON eventos (sequencia);

INSERT INTO restaurante (id, nome, cidade, fuso, dia, proxima_senha, proxima_sequencia)
  SELECT 1, 'Ambrosia', 'São Paulo', 'America/Sao_Paulo', COALESCE((SELECT MAX(dia) FROM senhas), '2000-01-01'),
    COALESCE((SELECT ultima FROM senhas ORDER BY dia DESC LIMIT 1), 0) + 1, (SELECT COUNT(*) + 1 FROM eventos);
UPDATE senhas SET ultima = ultima + 500 WHERE dia = (SELECT MAX(dia) FROM senhas);

ALTER TABLE cobrancas ADD COLUMN provedor TEXT NOT NULL DEFAULT 'mercado_pago';

-- Amounts are text here: they are added up in centavos.
INSERT INTO cobrancas (pedido, valor, validade, situacao, id_externo, proxima_em, provedor)
  SELECT p.id, (SELECT printf('%d.%02d', total / 100, total % 100) FROM
      (SELECT COALESCE(SUM(CAST(REPLACE(i.valor, '.', '') AS INTEGER) * i.quantidade), 0) AS total FROM itens i WHERE i.pedido = p.id)),
    900, 1, p.id_pagamento, p.datahora_expiracao, 'simulado'
  FROM pedidos p LEFT JOIN cobrancas c ON c.pedido = p.id
  WHERE c.pedido IS NULL AND p.status_pedido IN (1, 2, 3) AND p.status_pagamento IN (1, 3) AND p.datahora_expiracao IS NOT NULL AND p.id_pagamento IS NOT NULL;

DROP INDEX IF EXISTS pedidos_da_cozinha;
CREATE INDEX pedidos_da_cozinha ON pedidos (status_pedido, datahora_recebido, id);
