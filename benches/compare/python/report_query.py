"""The section about queries: from what was measured to tables in Markdown."""

import report


def requests(results):
    """What our reader asked of the file, as it says itself."""
    rows = []
    for name, work in results.works.items():
        found = results.rounds[name][0]["ours"].get("read")
        if found:
            opening = found["opening"]
            first = f"{opening['requests']}, {opening['bytes'] / 1024:.1f} KiB" if opening["requests"] else "in it"
            share = f"{found['bytes'] / results.sizes[name]['ours'] * 100:.1f} %"
            rows.append([work.title, work.whose, first, report.number(found["requests"]), str(found["most_requests"])])
            rows[-1] += [report.number(found["bytes"] / 1024), share]
    return report.table(["work", "file of", "opening", "requests", "at most", "KiB", "of the file"], rows) if rows else ""


def querying(results):
    """The whole section."""
    parts = report.head(results, "the peer's time divided by ours")
    if found := report.goals(results):
        parts += ["### Goals", found]
    parts += ["### Time of a query, as multiples of ours", report.speed(results)]
    if found := requests(results):
        parts += ["### What our reader asks of the file, for one query", found]
    if found := report.cold(results.part("points", "aggregate", "select")):
        parts += ["### The same for the first round of a cold JVM", found]
    return "\n\n".join(parts)
