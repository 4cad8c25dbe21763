# syntax=docker/dockerfile:1

# Ledgerwire as a container: no compiler, no package manager's cache, no root, nothing written
# outside /tmp and /var/lib/ledgerwire, so the root file system may be mounted read-only.

FROM python:3.13-slim AS build

ENV PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore

RUN python -m venv /opt/ledgerwire

WORKDIR /src

# The locks first: this layer is built again only when a dependency changes.
COPY requirements/runtime.txt requirements/runtime.txt
RUN /opt/ledgerwire/bin/pip install --require-hashes -r requirements/runtime.txt

COPY pyproject.toml README.md LICENSE ./
COPY api api
COPY crm crm
COPY handlers handlers
COPY ledgerwire ledgerwire
COPY oracle oracle
COPY receiver receiver
COPY simulator simulator
COPY storage storage
COPY unified unified
COPY xero xero
RUN /opt/ledgerwire/bin/pip install --no-deps --no-build-isolation .


FROM python:3.13-slim

LABEL org.opencontainers.image.title="Ledgerwire" \
      org.opencontainers.image.description="Every change in a Xero organisation, as a unified event on Kafka" \
      org.opencontainers.image.licenses="Apache-2.0"

RUN useradd --system --uid 10001 --user-group --no-create-home --home-dir /var/lib/ledgerwire \
        --shell /usr/sbin/nologin ledgerwire \
    && install --directory --owner ledgerwire --group ledgerwire --mode 0700 /var/lib/ledgerwire

COPY --from=build /opt/ledgerwire /opt/ledgerwire

# In a container, "everywhere" is the container's own network: what is published is decided outside.
ENV PATH=/opt/ledgerwire/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    LEDGERWIRE_HOST=0.0.0.0 \
    LEDGERWIRE_PORT=8000 \
    LEDGERWIRE_DATA_DIR=/var/lib/ledgerwire

USER 10001:10001
WORKDIR /var/lib/ledgerwire
VOLUME ["/var/lib/ledgerwire"]
EXPOSE 8000

# Alive, not ready: a database or a broker that is away is no reason to restart this container.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['LEDGERWIRE_PORT'] + '/livez', timeout=4)"]

ENTRYPOINT ["ledgerwire"]
CMD ["up"]
