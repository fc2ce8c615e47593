-- Who may do what: keys of programs and terminals, and the trail of what concerns access and persons. Every statement may
-- be run again.

-- `resumo` is the SHA-256 of the key, which is shown once and stored nowhere. A revoked key stays: events name it.
CREATE TABLE IF NOT EXISTS chaves (
  id           INT          NOT NULL AUTO_INCREMENT PRIMARY KEY,
  nome         VARCHAR(80)  NOT NULL,
  papel        VARCHAR(20)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  resumo       CHAR(64)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  criada_em    DATETIME     NOT NULL,
  criada_por   VARCHAR(64)  CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  expira_em    DATETIME     NULL,
  revogada_em  DATETIME     NULL,
  usada_em     DATETIME     NULL,
  UNIQUE KEY chaves_resumo (resumo)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS auditoria (
  id       BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  datahora DATETIME     NOT NULL,
  tipo     VARCHAR(30)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  ator     VARCHAR(64)  CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  alvo     VARCHAR(80)  NULL,
  detalhe  VARCHAR(500) NULL,
  KEY auditoria_datahora (datahora)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- `versao_acesso` moves on with every change of who may do what: processes reload when it has moved. `segredo` is what the
-- secrets of orders are derived from; the first process that starts makes it.
SET @alterar = (SELECT IF(COUNT(*) = 0, 'ALTER TABLE restaurante ADD COLUMN versao_acesso BIGINT NOT NULL DEFAULT 1, ADD COLUMN segredo CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL', 'DO 0')
  FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'restaurante' AND column_name = 'segredo');
PREPARE alterar FROM @alterar;
EXECUTE alterar;
DEALLOCATE PREPARE alterar;
