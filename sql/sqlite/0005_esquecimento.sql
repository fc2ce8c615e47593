-- The same as in ../mysql.

ALTER TABLE idempotencia ADD COLUMN pedido INTEGER;
CREATE INDEX idempotencia_do_pedido ON idempotencia (pedido);
UPDATE idempotencia SET pedido = CAST(substr(resposta, 7) AS INTEGER) WHERE resposta LIKE '{"id":%';

CREATE TABLE assinaturas (
  mac         TEXT PRIMARY KEY,
  recebida_em TEXT NOT NULL
) STRICT;
CREATE INDEX assinaturas_idade ON assinaturas (recebida_em);

CREATE INDEX notificacoes_idade ON notificacoes (recebida_em);
