# Bad on purpose: a tree as conda lays it out (bench/images/bad/lay-conda.py), since no conda channel is at hand.
FROM localhost/bad-debian
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
    python3 python3-numpy python3-scipy && apt-get clean && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin
COPY lay-conda.py /tmp/lay-conda.py
RUN python3 /tmp/lay-conda.py base
RUN python3 /tmp/lay-conda.py env other
RUN useradd --create-home jovyan && chown -R jovyan /opt/conda/lib/python3.11/site-packages/scipy
RUN rm -rf /opt/conda/pkgs /tmp/lay-conda.py
RUN mkdir -p /home/jovyan/.cache/pip/http && head -c 15000000 /dev/urandom > /home/jovyan/.cache/pip/http/body && \
    mkdir -p /home/jovyan/.cache/conda && head -c 2000000 /dev/urandom > /home/jovyan/.cache/conda/repodata.json
ENV PATH=/opt/conda/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
CMD ["/opt/conda/bin/python", "-c", "import scipy; print(scipy.__version__)"]
