-- Outgoing webhooks: who is told of events, and how far. Every statement may be run again.

-- An outbox by the log: `sequencia` is the last event that was looked at for this receiver, so an event costs no row of its own.
-- `tipos` are the types that it wants, separated by spaces; empty is all. `situacao`: 1 ativa, 2 pausada, 3 recusada (it said 410),
-- 4 desligada (nothing was taken for three days). `falhas` counts failures in a row. `turno` and `arrendada_ate` are the lease of
-- the worker that delivers; `versao` moves on with every change by a person. Secrets are in clear: signing needs them.
CREATE TABLE IF NOT EXISTS webhooks (
  id                  INT          NOT NULL AUTO_INCREMENT PRIMARY KEY,
  url                 VARCHAR(500) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  tipos               VARCHAR(500) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  situacao            TINYINT      NOT NULL,
  segredo             CHAR(50)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  segredo_anterior    CHAR(50)     CHARACTER SET ascii COLLATE ascii_bin NULL,
  anterior_ate        DATETIME     NULL,
  criada_em           DATETIME     NOT NULL,
  criada_por          VARCHAR(64)  CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  sequencia           BIGINT       NOT NULL,
  falhas              BIGINT       NOT NULL DEFAULT 0,
  falhando_desde      DATETIME     NULL,
  sucesso_em          DATETIME     NULL,
  erro                VARCHAR(200) NULL,
  erro_em             DATETIME     NULL,
  desligada_em        DATETIME     NULL,
  desistidas          BIGINT       NOT NULL DEFAULT 0,
  desistida_sequencia BIGINT       NULL,
  desistida_em        DATETIME     NULL,
  versao              BIGINT       NOT NULL DEFAULT 1,
  turno               BIGINT       NOT NULL DEFAULT 0,
  arrendada_ate       DATETIME     NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- Events that a receiver did not take, and when it is offered each again.
CREATE TABLE IF NOT EXISTS webhook_repeticoes (
  webhook     INT      NOT NULL,
  sequencia   BIGINT   NOT NULL,
  tentativas  BIGINT   NOT NULL,
  primeira_em DATETIME NOT NULL,
  proxima_em  DATETIME NOT NULL,
  PRIMARY KEY (webhook, sequencia),
  KEY webhook_repeticoes_proxima_em (webhook, proxima_em)
) ENGINE=InnoDB;
