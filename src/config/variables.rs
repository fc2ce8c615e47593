//! The settings by name. What is not in this table cannot be read: `mod.rs` finds the default here.

/// Every variable, its default, and what it means: for `--help`, and held against the README by a test.
pub const VARIABLES: &[(&str, &str, &str)] = &[
    ("HOST", "0.0.0.0", "address to listen on"),
    ("PORT", "31000", "port to listen on; 0 takes a free one"),
    ("OPS_PORT", "", "a port of their own for /livez, /readyz and /metrics, which PORT then does not answer"),
    (
        "DATABASE_URL",
        "sqlite:ambrosia.db",
        "sqlite:FILE or mysql://USER:PASSWORD@HOST:PORT/DATABASE?tls=MYSQL_TLS; HOST:PORT,HOST:PORT for the nodes of a \
         cluster",
    ),
    (
        "MYSQL_HOST",
        "",
        "host of a MySQL or MariaDB server, or HOST:PORT,HOST:PORT for the nodes of a cluster, of which the first that takes \
         writes is used; with it the four below count, and DATABASE_URL may not be set",
    ),
    ("MYSQL_PORT", "3306", "its port"),
    ("MYSQL_DATABASE", "ambrosia", "the database; it must exist, its tables need not"),
    ("MYSQL_USER", "root", "the user"),
    ("MYSQL_PASS", "", "the user's password"),
    (
        "MYSQL_TLS",
        "off",
        "off, on (encrypted; the server is not checked) or verify (its certificate must be right)",
    ),
    ("MYSQL_TLS_CA", "", "certificates (PEM) that verify trusts, beside the public ones that are built in"),
    ("MYSQL_TLS_CERT", "", "certificate (PEM) to show to the server, with those that it is signed by"),
    ("MYSQL_TLS_KEY", "", "its key (PEM)"),
    (
        "MERCADO_PAGO_TOKEN",
        "",
        "access token of a Mercado Pago application; with it payments are real, without it simulated",
    ),
    ("MERCADO_PAGO_POS", "", "external_id of the point of sale (caixa) there; needed with the token"),
    (
        "MERCADO_PAGO_WEBHOOK_SECRET",
        "",
        "secret that signs its notifications, needed with the token; several, separated by commas, while it is being changed",
    ),
    (
        "MERCADO_PAGO_WEBHOOK_UNSIGNED",
        "false",
        "do without that secret: anyone may send notifications, and they have less effect",
    ),
    ("MERCADO_PAGO_URL", "https://api.mercadopago.com", "its address; another one to try with a stand-in"),
    (
        "MERCADO_PAGO_CA_FILE",
        "",
        "certificates (PEM) to trust there, in place of the public ones that are built in",
    ),
    ("MERCADO_PAGO_CHECKOUT_MS", "1500", "wait of a checkout for its QR code; then it comes later"),
    ("MERCADO_PAGO_TIMEOUT_MS", "10000", "for any other operation there, with repetitions; then later again"),
    ("MERCADO_PAGO_CONNECT_MS", "1000", "for a connection to it; then it is tried again"),
    ("MERCADO_PAGO_MAX_CALLS", "32", "calls to it at a time; beyond it the QR code comes later"),
    ("MERCADO_PAGO_POLL_SECONDS", "5", "between the first two looks at an unpaid charge; doubles up to 60"),
    ("QR_SECONDS", "900", "for which a QR code can be paid; then an order not begun is cancelled"),
    (
        "CUSTOMER_RETENTION_MONTHS",
        "",
        "months without an order after which a customer's personal data is erased; unset never",
    ),
    (
        "BACKUP_EVERY_MINUTES",
        "",
        "minutes after which an SQLite file is copied again, while it is in use; unset never",
    ),
    ("BACKUP_FOLDER", "copias", "folder for these copies; made if it is not there"),
    ("BACKUP_KEEP", "48", "copies that are kept there, the newest"),
    ("EXAMPLE_DATA", "true", "fill an empty database with an example menu, customers and orders"),
    ("LOG_LEVEL", "info", "off, error, warn, info, debug or trace; other crates stay at warn"),
    ("LOG_FORMAT", "text", "text, or json: an object a line, with the parts of a request line as fields"),
    (
        "LOG_BUFFER_BYTES",
        "1048576",
        "memory for lines that stderr has not taken; beyond it they are dropped and counted, warnings and errors last",
    ),
    (
        "TRUSTED_PROXIES",
        "",
        "addresses and CIDR blocks, separated by commas, whose Forwarded or X-Forwarded-For names the client",
    ),
    (
        "ACCESS",
        "",
        "auto: everybody may do everything until there is a manager; open: always; closed: never; unset auto, and \
         needed with MERCADO_PAGO_TOKEN while there is no manager",
    ),
    (
        "PEPPER",
        "",
        "a secret that is not in the database: without it a copy of the database tells no PIN and no secret of an order",
    ),
    (
        "CORS_ORIGIN",
        "*",
        "origins, separated by commas, whose pages may call the API, and no others write; * is any, once doors are \
         closed for what is public",
    ),
    (
        "CHECKOUTS_PER_MINUTE",
        "",
        "checkouts (with registrations without a key) of one address a minute, and as many at once; then 429; \
         0 is any; unset 120 with real payments, any with simulated",
    ),
    (
        "WEBHOOKS_PER_SECOND",
        "",
        "notifications of one address a second, and as many at once; then 429; 0 is any; unset 50 with real \
         payments, any with simulated",
    ),
    (
        "WEBHOOKS_PRIVATE",
        "false",
        "webhooks may go to private addresses too, such as an ERP beside this process",
    ),
    (
        "MAX_UNPAID_ORDERS",
        "",
        "open orders that are not paid; then checkouts get 503; 0 is any; unset 2000 with real payments, any with simulated",
    ),
    (
        "ALLOWED_HOSTS",
        "",
        "hosts, separated by commas, with or without a port, that are answered; others get 421; empty is any",
    ),
    ("POOL_SIZE", "16", "database connections at most"),
    ("POOL_WAIT_MS", "2000", "wait for a database connection; then 503"),
    ("STATEMENT_TIMEOUT_MS", "10000", "wait for an answer of the database; then 503"),
    (
        "MAX_CONNECTIONS",
        "2048",
        "open connections at most, a thread each, and one more while an answer is read slowly; beyond it the \
         one idle longest is closed",
    ),
    (
        "MAX_LISTENERS",
        "20000",
        "live streams at most, which take no thread and do not count as connections; then 503; a tenth is kept for \
         credentials",
    ),
    ("MAX_REQUESTS", "1024", "requests in work at most; then 503"),
    ("MAX_HEAD_BYTES", "16384", "request line and headers; then 431"),
    ("MAX_URI_BYTES", "8192", "path and query; then 414"),
    ("MAX_HEADERS", "100", "headers of a request, up to 256; then 431"),
    ("MAX_BODY_BYTES", "131072", "body of a request; then 413"),
    (
        "MAX_BUFFERED_BYTES",
        "67108864",
        "memory for requests that arrive and answers that are not taken; then 503, and slow readers are closed, oldest first",
    ),
    ("HEAD_TIMEOUT_MS", "5000", "from the first byte of a request to the end of its headers; then 408"),
    ("BODY_TIMEOUT_MS", "10000", "from the end of the headers to the end of the body; then 408"),
    ("WRITE_TIMEOUT_MS", "10000", "for a client to take an answer; then the connection is closed"),
    ("IDLE_TIMEOUT_MS", "15000", "between two requests of a connection; then it is closed"),
    ("BACKLOG", "4096", "connections that wait to be accepted"),
    ("DRAIN_MS", "0", "after SIGTERM, while /readyz says 503 and requests are still taken"),
    ("GRACE_MS", "10000", "for running requests to finish after SIGTERM"),
];
