-- Where an order is going to be eaten. Every statement may be run again.

-- `local` is `aqui` or `levar`; both are NULL where nobody has said it.
SET @alterar = (SELECT IF(COUNT(*) = 0, 'ALTER TABLE pedidos ADD COLUMN local VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NULL, ADD COLUMN mesa VARCHAR(20) NULL', 'DO 0')
  FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'pedidos' AND column_name = 'local');
PREPARE alterar FROM @alterar;
EXECUTE alterar;
DEALLOCATE PREPARE alterar;
