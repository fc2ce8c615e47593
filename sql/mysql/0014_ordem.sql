-- The order in which the menu shows products. Every statement may be run again.

-- Those without one come behind those that have one.
SET @alterar = (SELECT IF(COUNT(*) = 0, 'ALTER TABLE produtos ADD COLUMN ordem INT NULL', 'DO 0')
  FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'produtos' AND column_name = 'ordem');
PREPARE alterar FROM @alterar;
EXECUTE alterar;
DEALLOCATE PREPARE alterar;
