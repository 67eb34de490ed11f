# Bad on purpose: each step wastes bytes in a way that real images do. docs/shrink.md makes it small.
FROM localhost/bad-debian
RUN apt-get update
RUN DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends python3-torch python3-torchvision
COPY app.py serve.py /app/
RUN cp -a /usr/lib/python3/dist-packages/numpy /app/numpy
RUN useradd --create-home app && chown -R app /app
# What `pip install`, a download and a debugging session leave behind.
RUN mkdir -p /root/.cache/pip/http/a/b /root/.cache/pip/wheels && \
    head -c 40000000 /dev/urandom > /root/.cache/pip/http/a/b/abcdef && \
    head -c 5000000 /dev/urandom > /root/.cache/pip/wheels/torch-1.13.1-cp311.whl
RUN head -c 12000000 /dev/urandom > /tmp/download.tar.gz && \
    head -c 3000000 /dev/urandom > /var/tmp/unpacked.bin
RUN head -c 30000000 /dev/urandom > /opt/model.safetensors
RUN head -c 8000000 /dev/urandom >> /opt/model.safetensors
RUN chmod 0640 /opt/model.safetensors && chown app /opt/model.safetensors
RUN mkdir -p /app/data && head -c 9000000 /dev/urandom > /app/data/first.bin && cp /app/data/first.bin /app/data/second.bin
RUN rm -rf /var/lib/apt/lists/*
USER app
WORKDIR /app
CMD ["python3", "/app/app.py"]
