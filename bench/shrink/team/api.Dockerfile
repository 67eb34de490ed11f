# Three applications of a team, each written by another person; all of them use the same torch.
FROM localhost/bad-debian
ARG PIP_CERT
RUN apt-get update && apt-get install -y --no-install-recommends python3-torch python3-venv curl
RUN python3 -m venv --system-site-packages /opt/venv && /opt/venv/bin/pip install fastapi uvicorn
COPY app.py serve.py /app/
RUN useradd --create-home api && chown -R api /app
USER api
CMD ["/opt/venv/bin/python", "/app/serve.py"]
