"""Lines of the made-up Dockerfiles, and what an edit may put in their place."""

from __future__ import annotations

LINES: dict[str, tuple[str, ...]] = {
    r"FROM ext/alpine:v\d+": (
        "FROM ext/alpine:v{n}",
        "FROM other/alpine:v{n}",
        "FROM --platform=linux/arm64 ext/alpine:v{n}",
    ),
    r"ENV ROOT=.*": ("ENV ROOT={n}", "ENV ROOT{n}=1", "ENV ROOT=1 MORE={n}", "LABEL ROOT={n}"),
    r"COPY \. /base/": ("COPY . /base{n}/", "ADD . /base{n}/", "COPY --chown={n} . /base/", "ADD . /base/"),
    r"ONBUILD ENV .*": ("ONBUILD ENV TRIGGERED={n}", "ONBUILD LABEL t={n}", "ENV TRIGGERED={n}"),
    r"ARG GLOBAL=.*": ("ARG GLOBAL={n}",),
    r"RUN install .*": ("RUN install {n}", 'RUN ["install", "{n}"]', "RUN --network=none install {n}"),
    r"ARG MODE=.*": ("ARG MODE={n}", "ARG MODE={n}\nARG MORE=1"),
    r"COPY lib /lib": (
        "COPY lib /lib{n}",
        "COPY lib /lib\nCOPY lib /{n}",
        "COPY --chmod=700 lib /l{n}",
        "ADD lib /lib",
    ),
    r"COPY --chmod=755 run.sh /bin/": ("COPY --chmod=700 run.sh /bin{n}/", "COPY run.sh /bin/{n}"),
    r"COPY --from=tools /go /go": ("COPY --from=tools /go{n} /go", "COPY --from=ext/{n} /go /go"),
    r"RUN --mount=.*": (
        *("RUN --mount=type=bind,source=src,target=/t{n} make $MODE", "RUN --mount=target=/t,source=src make {n}"),
        *("RUN --mount=type=cache,target=/c{n} --mount=source=src,target=/t make", "RUN --mount=target=/t make {n}"),
        "RUN --mount=type=secret,id=s{n} --mount=source=src,target=/t make",
    ),
    r"SHELL .*": ('SHELL ["/bin/sh", "-{n}"]',),
    r"COPY --from=build /lib /x": ("COPY --from=build /lib /x{n}", "COPY --from=tools /lib /x{n}"),
    r"COPY --from=shared \. /s/": ("COPY --from=shared . /s{n}/", "COPY --from=shared in /s{n}/"),
    r"COPY <<EOF /doc": (
        "COPY <<EOF /doc{n}",
        'COPY <<"EOF" /doc{n}',
        "COPY <<-EOF /doc{n}",
        "COPY --chmod=600 <<EOF /doc{n}",
    ),
    r"text .*": ("text {n} $ROOT", "text\n{n}", "{n} ${A:-x}"),
    r"ENV A=.*": ("ENV A={n}", 'ENV A="{n} b"', "ENV A=1 B={n}", "ENV B={n}\nENV A=1"),
    r"LABEL l=.*": ("LABEL l={n}", "LABEL l=1\nLABEL m={n}", "LABEL {n}=l"),
    r"WORKDIR /w": ("WORKDIR /w{n}", "WORKDIR w{n}"),
    r"USER 5": ("USER {n}", "USER 5:{n}"),
    r"EXPOSE 80": ("EXPOSE {n}", "EXPOSE {n}/udp", "EXPOSE 80 {n}"),
    r"VOLUME /v": ("VOLUME /v{n}", "VOLUME /v /{n}"),
    r"STOPSIGNAL 9": ("STOPSIGNAL 15", "STOPSIGNAL SIGKILL"),
    r"HEALTHCHECK CMD look": ("HEALTHCHECK CMD look {n}", "HEALTHCHECK --retries={n} CMD look", "HEALTHCHECK NONE"),
    r"ENTRYPOINT .*": ('ENTRYPOINT ["/e", "{n}"]', "ENTRYPOINT /e"),
    r'CMD \["a", "b"\]': ('CMD ["a", "b", "{n}"]', 'CMD ["a b"]', "CMD a b", "CMD a {n}"),
    r"FROM shop/api": ("FROM shop/base", "FROM ext/api:{n}", "FROM shop/job"),
    r"COPY \*\.html page /web/": ("COPY *.html page /web{n}/", "COPY i.html page /web{n}/", "COPY page /web{n}/"),
    r"ADD ln /l/": ("ADD ln /l{n}/", "COPY ln /l/"),
    r"COPY --from=shop/other:v\d+ /o /o": ("COPY --from=shop/other:{n} /o /o", "COPY --from=other/other:{n} /o /o"),
    r"COPY \. /job/": ("COPY . /job{n}/", "COPY --chown=:{n} . /job/", 'COPY [".", "/job {n}/"]'),
}
"""A line of the Dockerfiles → other lines for it; ``{n}`` is a new number."""
