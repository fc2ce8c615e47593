-- One-time links with which a person makes itself a manager, and an index by which the trail is bounded. Every statement may
-- be run again.

-- `resumo` is the SHA-256 of the token in the link. `nome` is the person that it was made for; null where a process made it at
-- its start.
CREATE TABLE IF NOT EXISTS convites (
  id        INT         NOT NULL AUTO_INCREMENT PRIMARY KEY,
  resumo    CHAR(64)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  nome      VARCHAR(80) NULL,
  criado_em DATETIME    NOT NULL,
  expira_em DATETIME    NOT NULL,
  usado_em  DATETIME    NULL,
  UNIQUE KEY convites_resumo (resumo),
  KEY convites_criado_em (criado_em)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

SET @alterar = (SELECT IF(COUNT(*) = 0, 'ALTER TABLE auditoria ADD KEY auditoria_tipo (tipo, ator, id)', 'DO 0')
  FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = 'auditoria' AND index_name = 'auditoria_tipo');
PREPARE alterar FROM @alterar;
EXECUTE alterar;
DEALLOCATE PREPARE alterar;
