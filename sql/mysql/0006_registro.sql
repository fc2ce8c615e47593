-- One log for the whole restaurant: each event has a `sequencia`, gapless and in the order of the commits. It is taken, as
-- the number of an order is, from the one row of `restaurante`, which is locked until the commit. Every statement may be
-- run again.

-- `dia` is the business day to which `proxima_senha` belongs; it turns at midnight in `fuso`.
CREATE TABLE IF NOT EXISTS restaurante (
  id                TINYINT      NOT NULL PRIMARY KEY,
  nome              VARCHAR(120) NOT NULL,
  cidade            VARCHAR(80)  NOT NULL,
  fuso              VARCHAR(64)  NOT NULL,
  dia               DATE         NOT NULL,
  proxima_senha     INT          NOT NULL,
  proxima_sequencia BIGINT       NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- `ator` is who caused it; `dados` what the other columns do not say, as JSON. Processes of the version before, which may
-- run for as long as a rolling update takes, write neither: `sequencia` is NULL until one of this version numbers it.
SET @alterar = (SELECT IF(COUNT(*) = 0, 'ALTER TABLE eventos ADD COLUMN sequencia BIGINT NULL, ADD COLUMN ator VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL, ADD COLUMN dados TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL, ADD UNIQUE KEY eventos_sequencia (sequencia)', 'DO 0')
  FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'eventos' AND column_name = 'sequencia');
PREPARE alterar FROM @alterar;
EXECUTE alterar;
DEALLOCATE PREPARE alterar;

SET @ultima = (SELECT COALESCE(MAX(sequencia), 0) FROM eventos);
UPDATE eventos e JOIN (SELECT id, ROW_NUMBER() OVER (ORDER BY id) AS n FROM eventos WHERE sequencia IS NULL) novos ON novos.id = e.id
  SET e.sequencia = @ultima + novos.n;

-- Processes of the version before take their numbers from `senhas`: theirs go on 500 later, so that the two cannot meet.
SET @dia = (SELECT MAX(dia) FROM senhas);
SET @senha = (SELECT COALESCE(MAX(ultima), 0) FROM senhas WHERE dia = @dia);
SET @novo = (SELECT COUNT(*) = 0 FROM restaurante);
UPDATE senhas SET ultima = ultima + 500 WHERE dia = @dia AND @novo;
INSERT IGNORE INTO restaurante (id, nome, cidade, fuso, dia, proxima_senha, proxima_sequencia)
  SELECT 1, 'Ambrosia', 'São Paulo', 'America/Sao_Paulo', COALESCE(@dia, '2000-01-01'), @senha + 1, 1;
UPDATE restaurante SET proxima_sequencia = (SELECT COALESCE(MAX(sequencia), 0) + 1 FROM eventos) WHERE id = 1;

-- `provedor`: which payment provider has the charge.
SET @alterar = (SELECT IF(COUNT(*) = 0, 'ALTER TABLE cobrancas ADD COLUMN provedor VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT ''mercado_pago''', 'DO 0')
  FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'cobrancas' AND column_name = 'provedor');
PREPARE alterar FROM @alterar;
EXECUTE alterar;
DEALLOCATE PREPARE alterar;

-- Orders of the simulator have charges too, which end them when their time is up.
INSERT INTO cobrancas (pedido, valor, validade, situacao, id_externo, proxima_em, provedor)
  SELECT p.id, COALESCE((SELECT SUM(i.valor * i.quantidade) FROM itens i WHERE i.pedido = p.id), 0), 900, 1, p.id_pagamento, p.datahora_expiracao, 'simulado'
  FROM pedidos p LEFT JOIN cobrancas c ON c.pedido = p.id
  WHERE c.pedido IS NULL AND p.status_pedido IN (1, 2, 3) AND p.status_pagamento IN (1, 3) AND p.datahora_expiracao IS NOT NULL AND p.id_pagamento IS NOT NULL;

-- Lists ask the log whether they have changed; their index holds what they are ordered by.
SET @alterar = (SELECT CASE WHEN SUM(column_name = 'versao') > 0 THEN 'ALTER TABLE pedidos DROP INDEX pedidos_da_cozinha, ADD INDEX pedidos_da_cozinha (status_pedido, datahora_recebido, id)' ELSE 'DO 0' END
  FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = 'pedidos' AND index_name = 'pedidos_da_cozinha');
PREPARE alterar FROM @alterar;
EXECUTE alterar;
DEALLOCATE PREPARE alterar;
