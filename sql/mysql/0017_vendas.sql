-- When money came in and went back, for the sales of a period. Every statement may be run again.

SET @alterar = (SELECT IF(COUNT(*) = 0, 'ALTER TABLE eventos ADD KEY eventos_do_dinheiro (tipo, datahora)', 'DO 0')
  FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = 'eventos' AND index_name = 'eventos_do_dinheiro');
PREPARE alterar FROM @alterar;
EXECUTE alterar;
DEALLOCATE PREPARE alterar;
