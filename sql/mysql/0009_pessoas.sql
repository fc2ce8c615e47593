-- People of the staff, the terminals that they work at, and their sessions. Every statement may be run again.

-- `pin` and `senha` are Argon2id over HMAC-SHA256, in PHC's form. Who was dismissed stays: events name the person.
CREATE TABLE IF NOT EXISTS funcionarios (
  id           INT          NOT NULL AUTO_INCREMENT PRIMARY KEY,
  nome         VARCHAR(80)  NOT NULL,
  papel        VARCHAR(20)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  pin          VARCHAR(160) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  senha        VARCHAR(160) CHARACTER SET ascii COLLATE ascii_bin NULL,
  criado_em    DATETIME     NOT NULL,
  desligado_em DATETIME     NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- `papel` is the highest role that a session on it may have. `resumo` is the SHA-256 of its token, null while it is not
-- enrolled; `codigo` the HMAC-SHA256 of the code to enrol it with.
CREATE TABLE IF NOT EXISTS terminais (
  id               INT         NOT NULL AUTO_INCREMENT PRIMARY KEY,
  nome             VARCHAR(80) NOT NULL,
  papel            VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  resumo           CHAR(64)    CHARACTER SET ascii COLLATE ascii_bin NULL,
  codigo           CHAR(64)    CHARACTER SET ascii COLLATE ascii_bin NULL,
  codigo_expira_em DATETIME    NULL,
  criado_em        DATETIME    NOT NULL,
  inscrito_em      DATETIME    NULL,
  revogado_em      DATETIME    NULL,
  UNIQUE KEY terminais_resumo (resumo),
  UNIQUE KEY terminais_codigo (codigo)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- `resumo` is the SHA-256 of the token in the cookie.
CREATE TABLE IF NOT EXISTS sessoes (
  resumo       CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  funcionario  INT      NOT NULL,
  terminal     INT      NULL,
  criada_em    DATETIME NOT NULL,
  usada_em     DATETIME NOT NULL,
  encerrada_em DATETIME NULL,
  KEY sessoes_criada_em (criada_em),
  KEY sessoes_funcionario (funcionario)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- PINs and passwords that were tried, and were not right. `origem` is a terminal or a network, and `funcionario` a number
-- as it was sent. `perdoada`: the person has shown since who it is.
CREATE TABLE IF NOT EXISTS tentativas (
  id          BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  origem      VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  funcionario BIGINT      NOT NULL,
  feita_em    DATETIME    NOT NULL,
  perdoada    TINYINT     NOT NULL DEFAULT 0,
  KEY tentativas_origem (origem, feita_em),
  KEY tentativas_feita_em (feita_em)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
