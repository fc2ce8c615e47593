-- What is kept of a stored answer can be found by its order, for when the person behind that is erased; and which signed
-- notifications were taken already. This script may be run again wherever it was cut off.

SET @alterar = (SELECT IF(COUNT(*) = 0, 'ALTER TABLE idempotencia ADD COLUMN pedido INT NULL, ADD KEY idempotencia_do_pedido (pedido)', 'DO 0')
  FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'idempotencia' AND column_name = 'pedido');
PREPARE alterar FROM @alterar;
EXECUTE alterar;
DEALLOCATE PREPARE alterar;
UPDATE idempotencia SET pedido = CAST(SUBSTRING_INDEX(SUBSTRING(resposta, 7), ',', 1) AS SIGNED)
  WHERE pedido IS NULL AND resposta LIKE '{"id":%';

CREATE TABLE IF NOT EXISTS assinaturas (
  mac         CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  recebida_em DATETIME NOT NULL,
  KEY assinaturas_idade (recebida_em)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

SET @alterar = (SELECT IF(COUNT(*) = 0, 'ALTER TABLE notificacoes ADD KEY notificacoes_idade (recebida_em)', 'DO 0')
  FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = 'notificacoes' AND index_name = 'notificacoes_idade');
PREPARE alterar FROM @alterar;
EXECUTE alterar;
DEALLOCATE PREPARE alterar;
