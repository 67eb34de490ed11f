FROM localhost/bad-debian
ARG PIP_CERT
RUN apt-get update
RUN apt-get install -y --no-install-recommends python3-torch python3-venv rsync
COPY app.py /work/train.py
RUN python3 -m venv --system-site-packages /opt/venv
RUN /opt/venv/bin/pip install pyyaml tqdm tensorboardX
WORKDIR /work
CMD ["/opt/venv/bin/python", "train.py"]
