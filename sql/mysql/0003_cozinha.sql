-- The kitchen's index tells the version of each order too, so that whether the list has changed is read from it alone.

SET @alterar = (SELECT CASE
    WHEN COUNT(*) = 0 THEN 'ALTER TABLE pedidos ADD INDEX pedidos_da_cozinha (status_pedido, datahora_recebido, id, versao)'
    WHEN SUM(column_name = 'versao') = 0 THEN 'ALTER TABLE pedidos DROP INDEX pedidos_da_cozinha, ADD INDEX pedidos_da_cozinha (status_pedido, datahora_recebido, id, versao)'
    ELSE 'DO 0' END
  FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = 'pedidos' AND index_name = 'pedidos_da_cozinha');
PREPARE alterar FROM @alterar;
EXECUTE alterar;
DEALLOCATE PREPARE alterar;
