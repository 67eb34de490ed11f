# Bad on purpose: an image for R as many are built.
FROM localhost/bad-debian
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
    r-base-core r-cran-data.table r-cran-ggplot2 r-cran-jsonlite
RUN mkdir -p /usr/local/lib/R/site-library && \
    cp -a /usr/lib/R/site-library/ggplot2 /usr/lib/R/site-library/data.table /usr/local/lib/R/site-library/
RUN chmod -R g+w /usr/local/lib/R/site-library && chgrp -R staff /usr/local/lib/R/site-library
RUN mkdir -p /tmp/RtmpAbc123/downloaded_packages && \
    head -c 20000000 /dev/urandom > /tmp/RtmpAbc123/downloaded_packages/sf_1.0.tar.gz
RUN head -c 6000000 /dev/urandom > /root/cran-index.rds
RUN rm -rf /root/cran-index.rds /tmp/RtmpAbc123
RUN mkdir -p /root/.cache/R/renv/source/sf && head -c 10000000 /dev/urandom > /root/.cache/R/renv/source/sf/sf_1.0.tar.gz
COPY report.R /app/
RUN apt-get clean && rm -rf /var/lib/apt/lists/*
CMD ["Rscript", "/app/report.R"]
