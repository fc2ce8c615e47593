-- Products that are sold out. Every statement may be run again.

-- Until when; the end of the calendar is until somebody says otherwise, and NULL is not at all.
SET @alterar = (SELECT IF(COUNT(*) = 0, 'ALTER TABLE produtos ADD COLUMN esgotado_ate DATETIME NULL', 'DO 0')
  FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'produtos' AND column_name = 'esgotado_ate');
PREPARE alterar FROM @alterar;
EXECUTE alterar;
DEALLOCATE PREPARE alterar;
