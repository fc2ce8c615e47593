-- The same as in ../mysql.

DROP INDEX IF EXISTS pedidos_da_cozinha;
CREATE INDEX pedidos_da_cozinha ON pedidos (status_pedido, datahora_recebido, id, versao);
