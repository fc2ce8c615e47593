-- When the restaurant takes orders. Every statement may be run again.

-- `horarios` and `excecoes` are JSON, as `/restaurante` shows them; NULL is none. `pausa_ate`: the end of the calendar is until
-- somebody says otherwise. `atendimento_versao` is another number after each change of these three, by which a process knows that
-- what it remembers of them still holds.
SET @alterar = (SELECT IF(COUNT(*) = 0, 'ALTER TABLE restaurante ADD COLUMN horarios TEXT NULL, ADD COLUMN excecoes TEXT NULL, ADD COLUMN pausa_ate DATETIME NULL, ADD COLUMN atendimento_versao BIGINT NOT NULL DEFAULT 0', 'DO 0')
  FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'restaurante' AND column_name = 'atendimento_versao');
PREPARE alterar FROM @alterar;
EXECUTE alterar;
DEALLOCATE PREPARE alterar;
