# One image for api, worker and beat; the command says which. See docker-compose.yml.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    HF_HUB_OFFLINE=1 \
    TOKENIZERS_PARALLELISM=false \
    WELLSPRING_HOME=/var/lib/wellspring \
    WELLSPRING_FONTS=/usr/share/fonts

# Names of all scripts on statements as PDF: docs/statements.md.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends fonts-noto-cjk fonts-noto-core \
    && rm -rf /var/lib/apt/lists/*

# The wheel of torch that pip finds first may bring GPU libraries of several GB, which nothing here
# uses. Give the index of the CPU builds as TORCH_INDEX to leave them out; empty: pip's own index.
ARG TORCH_INDEX=""
WORKDIR /src
COPY constraints.txt ./
RUN pip install --constraint constraints.txt ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} torch

COPY pyproject.toml README.md LICENSE ./
COPY attribution ./attribution
COPY service ./service
COPY worker ./worker
RUN pip install --constraint constraints.txt ".[redis]" \
    && wellspring encoder

RUN useradd --uid 10001 --create-home wellspring \
    && install --directory --owner wellspring --group wellspring --mode 0750 /var/lib/wellspring
USER wellspring
WORKDIR /var/lib/wellspring
VOLUME /var/lib/wellspring
EXPOSE 8000

HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=6 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]

# Without WELLSPRING_DATABASE_URL it brings its own database under WELLSPRING_HOME.
CMD ["wellspring", "up", "--host", "0.0.0.0"]
