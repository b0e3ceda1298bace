# docker build -t bench . && docker run --rm -v "$PWD:/work" bench run
FROM rust:1.95-slim-bookworm AS build
RUN apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN cargo build --locked --release

FROM debian:bookworm-slim
RUN useradd --create-home --uid 1000 bench && mkdir /work && chown bench /work
COPY --from=build /src/target/release/bench /usr/local/bin/bench
COPY packaging/data/data/share/ /usr/local/share/
USER bench
WORKDIR /work
ENTRYPOINT ["bench"]
CMD ["--help"]
