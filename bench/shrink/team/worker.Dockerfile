FROM localhost/bad-debian
ARG PIP_CERT
RUN apt-get update && apt-get install -y --no-install-recommends tini python3-venv
RUN apt-get update && apt-get install -y --no-install-recommends python3-torch
COPY . /srv/worker
RUN python3 -m venv --system-site-packages /srv/venv && /srv/venv/bin/pip install redis requests
ENTRYPOINT ["tini", "--", "/srv/venv/bin/python", "/srv/worker/app.py"]
