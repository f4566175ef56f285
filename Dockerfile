# One image for every process of a press: the command says which one it is. See docker-compose.yml.

FROM python:3.11-slim AS build
WORKDIR /build
RUN python -m venv /opt/pressrun
# The lock first: it changes seldom, and this layer is the slow one.
COPY requirements/run.txt requirements/run.txt
RUN /opt/pressrun/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --requirement requirements/run.txt
COPY LICENSE README.md pyproject.toml ./
COPY subscribers subscribers
COPY mailer mailer
COPY templates templates
RUN pip wheel --no-cache-dir --no-deps --wheel-dir dist . \
    && /opt/pressrun/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps dist/*.whl

FROM python:3.11-slim
COPY --from=build /opt/pressrun /opt/pressrun
RUN useradd --system --uid 10025 --home-dir /var/lib/pressrun --create-home pressrun
USER pressrun
WORKDIR /var/lib/pressrun
ENV PATH=/opt/pressrun/bin:$PATH \
    PRESSRUN_HOME=/var/lib/pressrun \
    PYTHONUNBUFFERED=1
VOLUME /var/lib/pressrun
EXPOSE 8025 8026 8027
# For the web pages, the command below; docker-compose.yml says how the other processes are looked after.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8025/healthz', timeout=4)"]
ENTRYPOINT ["pressrun"]
CMD ["serve"]
