import json

from backlot_server.log import Log, without_paths


def test_one_plain_line_for_one_event(tmp_path):
    log = Log(tmp_path / "server.log", as_json=False)
    log.line("job done", tool="fill", frames=40, seconds=1.23456, client='a "b"\nc')
    log.close()
    (line,) = (tmp_path / "server.log").read_text().splitlines()
    assert line.endswith(r'job done tool=fill frames=40 seconds=1.235 client="a \"b\"\nc"')


def test_json_on_request(tmp_path):
    log = Log(tmp_path / "server.log", as_json=True)
    log.line("job done", tool="fill", frames=40)
    log.close()
    line = json.loads((tmp_path / "server.log").read_text())
    assert (line["event"], line["tool"], line["frames"]) == ("job done", "fill", 40)


def test_it_never_grows_beyond_a_few_megabytes(tmp_path):
    log = Log(tmp_path / "server.log", as_json=False)
    for _ in range(25_000):
        log.line("job done", text="x" * 100)
    log.close()
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 3 << 20


def test_paths_lose_their_folders():
    text = "cannot open /home/jo/show/sh010/plate.exr: denied, nor C:\\show\\sh010\\plate.exr"
    assert without_paths(text) == "cannot open plate.exr: denied, nor plate.exr"
    assert without_paths("1/2 and a/b") == "1/2 and a/b"
