"""Whatever dies, the others go on: workers, clients, tools that do not stop."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from backlot.v1 import backlot_pb2 as pb
from tests.conftest import RunningServer
from tests.server.conftest import descriptors, eventually
from tests.server.raw import ODD_TOOLS, Raw, kinds
from tests.server.starts import job


def worker_pid(raw):
    return raw.status().devices[0].worker_pid


def kill_worker(raw):
    """And wait for the next one."""
    before = worker_pid(raw)
    os.kill(before, signal.SIGKILL)
    eventually(lambda: worker_pid(raw) not in (0, before))


def other_descriptors(raw):
    """The front's open files but for the memory that it keeps."""
    status = raw.status()
    return descriptors(status.pid) - status.pool.segments


def finished(events):
    return [event.result.frame.number for event in events if event.HasField("result")]


def test_a_worker_that_dies_costs_a_retry_and_no_finished_frame(raw, session):
    run = session.run(**job(frames=range(8), seconds=0.1))
    seen = []
    for event in run.events:
        seen.append(event)
        if event.HasField("need"):
            run.supply(event.need)
        elif event.HasField("result"):
            if len(finished(seen)) == 3:
                os.kill(worker_pid(raw), signal.SIGKILL)
            assert (session.pixels(event.result.frame) == event.result.frame.number).all()
            run.consume(event.result.frame)
    assert finished(seen) == list(range(8))
    assert seen[-1].done == pb.Done(finished=8, failed=0)
    attempts = [event.started.attempt for event in seen if event.HasField("started")]
    assert attempts == [1, 2]
    needs = [event.need.number for event in seen if event.HasField("need")]
    assert len(needs) == len(set(needs))  # what was supplied is not asked for again


def test_a_job_that_kills_its_worker_twice_fails_in_a_sentence(raw, session):
    events = session.run(**job(frames=range(6), mode="crash", frame=3)).play()
    assert finished(events) == [0, 1, 2]
    assert events[-1].error.code == "worker-lost"
    assert "died twice" in events[-1].error.sentence
    assert events[-1].error.hint
    eventually(lambda: worker_pid(raw))
    assert session.run(**job("next")).play()[-1].done.finished == 1


def test_a_bystander_survives_a_job_that_kills_workers(raw, session):
    other = raw.session("bystander")
    calm = other.run(**job("calm", frames=range(40), seconds=0.1, priority=pb.BATCH))
    calm.until("result")
    events = session.run(**job("mad", frames=range(2), mode="crash", frame=1)).play()
    assert events[-1].error.code == "worker-lost"
    rest = calm.play()
    assert rest[-1].done.finished == 40
    other.close()


def test_a_waiting_job_survives_the_worker(raw, session):
    first = session.run(**job("first", seconds=1.0))
    first.until("progress")
    second = session.run(**job("second"))
    second.until("queued")
    kill_worker(raw)
    assert first.play()[-1].done.finished == 1
    assert second.play()[-1].done.finished == 1


def test_a_job_that_waits_for_its_client_is_begun_again_too(raw, session):
    run = session.run(**job(frames=[1]))
    needs = []
    for event in run.events:
        if event.HasField("need"):
            needs.append(event.need)
            if len(needs) == 3:
                break
    run.supply(needs[0])
    kill_worker(raw)
    for need in needs[1:]:
        run.supply(need)
    events = run.play()
    assert "need" not in kinds(events)
    assert events[-1].done.finished == 1


def test_a_tool_that_does_not_stop_loses_its_worker_and_nobody_else_a_job():
    server = RunningServer(env={"PYTHONPATH": str(ODD_TOOLS)})
    try:
        with Raw(server.endpoint) as raw:
            session, other = raw.session(), raw.session()
            before = worker_pid(raw)
            along = [pb.Supply(input="source", number=n, frame=session.frame(n)) for n in (0, 1, 2)]
            start = job("stuck", mode="stubborn", frame=1, seconds=60.0)
            stuck = session.run(**start, supplies=along)
            stuck.until("started")
            time.sleep(0.5)
            waiting = other.run(**job("waiting"))
            assert raw.call("Cancel", pb.CancelRequest(session=session.id, job="stuck")).found
            assert list(stuck.events)[-1].error.code == "cancelled"  # at once for the client
            start = time.monotonic()
            assert waiting.play()[-1].done.finished == 1
            assert 5 < time.monotonic() - start < 30
            assert worker_pid(raw) != before
            assert "worker stuck" in server.log
    finally:
        server.close()


def test_a_worker_that_never_comes_up_is_said_and_status_answers(tmp_path):
    broken = tmp_path / "sitecustomize.py"
    broken.write_text(
        "import sys\nif 'backlot_server.worker' in ' '.join(sys.orig_argv): sys.exit('no device')\n"
    )
    server = RunningServer(env={"PYTHONPATH": str(tmp_path)})
    try:
        with Raw(server.endpoint) as raw:
            eventually(lambda: raw.status().devices[0].state == "failed")
            assert not raw.call("Hello", pb.HelloRequest(protocol=1)).ready
            from tests.server.raw import failure

            _, error = failure(lambda: raw.call("ListTools", pb.ListToolsRequest()))
            assert error.code == "server-unavailable"
            assert "log" in error.hint
            assert "no device" in server.log
    finally:
        server.close()


CLIENT = """
    import sys, time
    import numpy as np
    from backlot import connect
    from backlot.frame import Frame
    from backlot.local import Endpoint

    studio = connect(endpoint=Endpoint(sys.argv[1], sys.argv[2], 0, 1), client="victim")
    frame = Frame(np.ones((500, 500, 4), np.float32))
    running = studio.submit("odd", range(1000), lambda _, n: frame, ["source"], {"seconds": 0.05})
    print("ready", flush=True)
    for event in running:
        pass
"""


def test_killed_clients_leave_no_leases_no_jobs_and_no_descriptors(raw, odd_server):
    for round in range(5):
        victims = []
        for _ in range(2):
            command = [sys.executable, "-c", textwrap.dedent(CLIENT)]
            command += [odd_server.endpoint.address, odd_server.endpoint.token]
            victims.append(subprocess.Popen(command, stdout=subprocess.PIPE))
        for victim in victims:
            assert victim.stdout.readline() == b"ready\n"
        time.sleep(0.05 * round)
        for victim in victims:
            victim.kill()
            victim.wait()
            victim.stdout.close()
        eventually(
            lambda: (
                not raw.status().jobs
                and not [s for s in raw.status().sessions if s.client == "victim"]
            )
        )
        if round == 0:
            leases, files = raw.status().pool.leases, other_descriptors(raw)
    assert raw.status().pool.leases == leases
    assert other_descriptors(raw) <= files + 3


@pytest.mark.slow
def test_twenty_killed_workers_leak_nothing(raw, odd_server):
    session = raw.session()
    files = None
    for _ in range(20):
        run = session.run(**job(frames=range(5), seconds=0.02))
        run.until("result")
        os.kill(worker_pid(raw), signal.SIGKILL)
        assert run.play()[-1].done.finished == 5
        session.close()
        session = raw.session()
        eventually(lambda: not raw.status().jobs)
        files = files or other_descriptors(raw)
    assert other_descriptors(raw) <= files + 3
    session.close()
