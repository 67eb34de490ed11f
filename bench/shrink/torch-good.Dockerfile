# The bad image of bench/images/bad with the edits that `ddiff slim --plan` prints.
FROM localhost/bad-debian
RUN apt-get update && \
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends python3-torch python3-torchvision && \
    apt-get clean && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/log/apt /var/log/dpkg.log /var/log/alternatives.log && \
    rm -f /var/lib/dpkg/*-old /var/cache/debconf/*-old
RUN useradd --create-home app
COPY --chown=app app.py serve.py /app/
RUN install -d -o app /app/data /app/numpy && cp -a /usr/lib/python3/dist-packages/numpy/. /app/numpy/ && chown -R app /app/numpy && \
    head -c 9000000 /dev/urandom > /app/data/first.bin && cp /app/data/first.bin /app/data/second.bin && chown app /app/data/*
RUN head -c 38000000 /dev/urandom > /opt/model.safetensors && chmod 0640 /opt/model.safetensors && chown app /opt/model.safetensors
USER app
WORKDIR /app
CMD ["python3", "/app/app.py"]
