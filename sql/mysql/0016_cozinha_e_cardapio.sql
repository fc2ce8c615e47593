-- Settings of the kitchen's board and of the menu. Every statement may be run again.

-- The age of an order, in minutes, from which its ticket is yellow, and from which it is red; the order of the categories on the
-- menu, as JSON.
SET @alterar = (SELECT IF(COUNT(*) = 0, 'ALTER TABLE restaurante ADD COLUMN minutos_amarelo INT NOT NULL DEFAULT 10, ADD COLUMN minutos_vermelho INT NOT NULL DEFAULT 20, ADD COLUMN categorias VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT ''[1,2,3,4]''', 'DO 0')
  FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'restaurante' AND column_name = 'categorias');
PREPARE alterar FROM @alterar;
EXECUTE alterar;
DEALLOCATE PREPARE alterar;
