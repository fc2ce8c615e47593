-- The kitchen's index tells the version of each order too, so that whether the list has changed is read from it alone.

SET @alterar = (SELECT IF(COUNT(*) = 0, 'ALTER TABLE pedidos DROP INDEX pedidos_da_cozinha, ADD INDEX pedidos_da_cozinha (status_pedido, datahora_recebido, id, versao)', 'DO 0')
  FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = 'pedidos' AND index_name = 'pedidos_da_cozinha' AND column_name = 'versao');
PREPARE alterar FROM @alterar;
EXECUTE alterar;
DEALLOCATE PREPARE alterar;
