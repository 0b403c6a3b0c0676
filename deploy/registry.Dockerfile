# The schema registry of docker-compose.yml: the release of Apicurio Registry that the tests run against, compared with
# the SHA-256 that came with the sources. (Its published image has only a tag, which may name another image tomorrow.)
#
#   docker build -f deploy/registry.Dockerfile -t trunkline/registry:3.0.9 .
FROM debian:bookworm-slim@sha256:3783cc01769c7b2b1b83a5c5ad96c815348e28ed7da68e2e3687004faa906251 AS fetch
RUN apt-get update && apt-get install -y --no-install-recommends maven && rm -rf /var/lib/apt/lists/*
WORKDIR /fetch
COPY tools/rig/src/launcher/downloads.sha256 ./
RUN mvn -B -q -C org.apache.maven.plugins:maven-dependency-plugin:2.8:copy \
      -Dartifact=io.apicurio:apicurio-registry-app:3.0.9:tar.gz:all -DoutputDirectory=. \
    && grep ' apicurio-registry-app-3.0.9-all.tar.gz$' downloads.sha256 | sha256sum -c - \
    && mkdir registry && tar -xzf apicurio-registry-app-3.0.9-all.tar.gz -C registry

FROM debian:bookworm-slim@sha256:3783cc01769c7b2b1b83a5c5ad96c815348e28ed7da68e2e3687004faa906251
RUN apt-get update && apt-get install -y --no-install-recommends openjdk-17-jre-headless \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin registry
COPY --from=fetch /fetch/registry/ /opt/registry/
USER 10001:10001
WORKDIR /tmp
ENV QUARKUS_HTTP_HOST=0.0.0.0
CMD ["java", "-jar", "/opt/registry/apicurio-registry-app-3.0.9-runner.jar"]
