# docker build -t ambrosia .
#
# One static binary and nothing else: no shell, no libc, no user database. Certificates for Mercado Pago are compiled in.
# Without the embedded SQLite, since a container's file system ends with it: set MYSQL_HOST or DATABASE_URL.
FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
ENV RUSTFLAGS="-C target-feature=+crt-static -C link-arg=-Wl,-z,pack-relative-relocs"

# The dependencies in a layer of their own: built again only when Cargo.toml or Cargo.lock changes. A target is named so
# that the flags are not for build scripts and macros, which cannot be static.
COPY Cargo.toml Cargo.lock ./
COPY patches patches
RUN mkdir -p src benches && echo 'fn main() {}' | tee build.rs src/main.rs src/lib.rs $(sed -n '/^\[\[bench\]\]/,/^$/s|^name = "\(.*\)"|benches/\1.rs|p' Cargo.toml) >/dev/null \
 && cargo build --release --locked --no-default-features --target "$(rustc -vV | sed -n 's/^host: //p')"

COPY build.rs askama.toml ./
COPY src src
COPY sql sql
RUN find build.rs src -name '*.rs' -exec touch {} + \
 && cargo build --release --locked --no-default-features --target "$(rustc -vV | sed -n 's/^host: //p')" \
 && mv "target/$(rustc -vV | sed -n 's/^host: //p')/release/ambrosia" /ambrosia

FROM scratch
# VERSION is that of Cargo.toml, which a test holds; REVISION is the commit:
#   docker build --build-arg REVISION="$(git rev-parse HEAD)" --build-arg SOURCE="$(git remote get-url origin)" -t ambrosia:0.1.0 .
ARG VERSION=0.1.0
ARG REVISION=
ARG SOURCE=
LABEL org.opencontainers.image.title="Ambrosia" \
      org.opencontainers.image.description="Order system for restaurants" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.source="$SOURCE" \
      org.opencontainers.image.licenses="MIT"
COPY --from=build /ambrosia /ambrosia
# glibc keeps freed memory in eight arenas a core, which a node with many cores makes more than a pod may have.
ENV MALLOC_ARENA_MAX=2
USER 65532:65532
EXPOSE 31000
ENTRYPOINT ["/ambrosia"]
