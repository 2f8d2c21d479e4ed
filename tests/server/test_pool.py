import asyncio
import errno
import os
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backlot.errors import NotFound, OutOfMemory, QuotaExceeded, StaleLease, TooLarge
from backlot.shared import Segments
from backlot.v1 import backlot_pb2 as pb
from backlot_server import segments
from backlot_server.limits import Limits
from backlot_server.shared import Pool, size_class

MEMORY = 64 << 20
LIMITS = Limits(MEMORY)


@pytest.fixture(params=["memfd", "file"])
def make(request, tmp_path):
    if request.param == "memfd":
        return segments.make_memfd
    return lambda size: segments.make_file(tmp_path, size)


def pool_of(make, *sessions, limits=LIMITS, **told):
    pool = Pool(limits, make, **told)
    for session in sessions:
        pool.open(session)
    return pool


def run(story):
    return asyncio.run(story)


def file_of(fd):
    """None if it was closed meanwhile: other threads have files of their own."""
    try:
        found = os.stat(f"/proc/self/fd/{fd}")
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def still_open(files):
    return [fd for fd in os.listdir("/proc/self/fd") if file_of(fd) in files]


def test_what_one_side_writes_the_other_reads(make):
    async def story():
        pool = pool_of(make, "a")
        lease = await pool.lease("a", 1000)
        Segments().view(lease.segment.message(), 1000)[:4] = [1, 2, 3, 4]
        assert lease.segment.read(0, 4) == b"\1\2\3\4"
        lease.segment.write(998, b"\7\7")
        assert Segments().view(lease.segment.message(), 1000)[996:].tolist() == [0, 0, 7, 7]
        pool.close()

    run(story())


def test_a_freed_lease_is_stale_and_its_memory_is_used_again(make):
    async def story():
        pool = pool_of(make, "a")
        first = await pool.lease("a", 1000)
        pool.free("a", [first.ref()])
        second = await pool.lease("a", 1000)
        assert second.id == first.id
        assert second.generation > first.generation
        for twice in (lambda: pool.free("a", [first.ref()]), lambda: pool.find("a", first.ref())):
            with pytest.raises(StaleLease):
                twice()
        assert pool.find("a", second.ref()) is second

    run(story())


def test_a_foreign_or_unknown_lease_is_stale(make):
    async def story():
        pool = pool_of(make, "a", "b")
        lease = await pool.lease("a", 1000)
        with pytest.raises(StaleLease):
            pool.find("b", lease.ref())
        with pytest.raises(StaleLease):
            pool.free("a", [lease.ref(), pb.LeaseRef(id=999, generation=1)])
        assert pool.find("a", lease.ref()) is lease  # all or none

    run(story())


@pytest.mark.parametrize("count", [0, LIMITS.max_frame_bytes + 1, (1 << 64) - 1])
def test_impossible_sizes_are_refused_before_anything_is_allocated(make, count):
    async def story():
        pool = pool_of(make, "a")
        with pytest.raises(TooLarge):
            await pool.lease("a", count)
        assert pool.totals() == pb.PoolStatus()

    run(story())


def test_quota_is_per_session_and_comes_back(make):
    async def story():
        pool = pool_of(make, "a", "b")
        size = LIMITS.session_quota_bytes // 2
        held = [await pool.lease("a", size) for _ in range(2)]
        with pytest.raises(QuotaExceeded):
            await pool.lease("a", size)
        await pool.lease("b", 1 << 20)
        pool.free("a", [held[0].ref()])
        await pool.lease("a", size)

    run(story())


def test_all_memory_leased_is_an_error_that_passes(make):
    async def story():
        pool = pool_of(make, "a", "b")
        lease = await pool.lease("a", MEMORY // 2)
        await pool.lease("b", MEMORY // 2)
        with pytest.raises(OutOfMemory):
            await pool.lease("b", MEMORY // 8)
        pool.free("a", [lease.ref()])
        await pool.lease("b", MEMORY // 8)
        assert pool.totals().bytes <= MEMORY

    run(story())


def test_another_session_never_sees_a_picture(make):
    async def story():
        pool = pool_of(make, "a", "b")
        lease = await pool.lease("a", 100_000)
        lease.segment.write(0, b"x" * lease.segment.bytes)
        pool.end("a")
        other = await pool.lease("b", 100_000)
        assert other.segment is lease.segment
        assert other.segment.read(0, other.segment.bytes) == bytes(other.segment.bytes)

    run(story())


def test_the_end_of_a_session_frees_all_but_what_a_job_uses(make):
    async def story():
        pool = pool_of(make, "a")
        used, idle = await pool.lease("a", 1000), await pool.lease("a", 1000)
        pool.hold(used)
        pool.hold(used)
        pool.end("a")
        assert pool.totals().leases == 1
        with pytest.raises(StaleLease):
            pool.find("a", idle.ref())
        pool.drop(used)
        assert pool.totals().leases == 1
        pool.drop(used)
        assert pool.totals().leases == 0
        with pytest.raises(NotFound):
            await pool.lease("a", 1000)

    run(story())


def test_freeing_what_a_job_uses_waits_for_the_job_and_still_counts(make):
    async def story():
        pool = pool_of(make, "a")
        lease = await pool.lease("a", 1000)
        pool.hold(lease)
        pool.free("a", [lease.ref()])
        with pytest.raises(StaleLease):
            pool.find("a", lease.ref())
        assert pool.held("a") == (1, size_class(1000))
        pool.drop(lease)
        assert pool.held("a") == (0, 0)

    run(story())


def test_kept_memory_has_a_cap_and_others_hear_what_goes(make):
    async def story():
        gone = []
        pool = pool_of(make, "a", gone=gone.append)
        leases = [await pool.lease("a", 4 << 20) for _ in range(8)]
        pool.free("a", [lease.ref() for lease in leases])
        assert pool.totals().bytes <= LIMITS.keep_bytes
        kept = {id for id in (lease.id for lease in leases) if id not in gone}
        assert len(kept) == pool.totals().segments == 4
        pool.trim(unused_seconds=0.0)
        assert pool.totals() == pb.PoolStatus()
        assert sorted(gone) == sorted(lease.id for lease in leases)

    run(story())


def test_cancelled_while_it_was_made_leaves_nothing_leased(make):
    async def story():
        may = threading.Event()

        def slowly(size):
            may.wait(10)
            return make(size)

        pool = pool_of(slowly, "a")
        task = asyncio.create_task(pool.lease("a", 1000))
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        may.set()
        while not pool.totals().segments:
            await asyncio.sleep(0.01)
        assert pool.held("a") == (0, 0)
        assert pool.totals().leases == 0

    run(story())


def test_session_that_ends_while_memory_is_made_gets_none(make):
    async def story():
        may = threading.Event()

        def slowly(size):
            may.wait(10)
            return make(size)

        pool = pool_of(slowly, "a")
        task = asyncio.create_task(pool.lease("a", 1000))
        await asyncio.sleep(0.05)
        pool.end("a")
        may.set()
        with pytest.raises(NotFound):
            await task
        assert pool.totals().leases == 0

    run(story())


def test_session_that_ends_in_the_moment_its_memory_is_there_gets_none(make):
    """The lease is booked, but who asked for it has not heard yet: it must not be used."""

    async def story():
        pool = pool_of(make, "a")
        book = pool._book

        def book_and_end(*args):
            asyncio.get_running_loop().call_soon(pool.end, "a")
            return book(*args)

        pool._book = book_and_end
        with pytest.raises(NotFound):
            await pool.lease("a", 1000)
        assert pool.totals().leases == 0

    run(story())


def test_full_disk_is_a_sentence_and_is_not_charged(make):
    def no_space(size):
        raise OutOfMemory("full")

    async def story():
        pool = pool_of(no_space, "a")
        with pytest.raises(OutOfMemory):
            await pool.lease("a", 1000)
        assert (pool.held("a"), pool.totals()) == ((0, 0), pb.PoolStatus())

    run(story())


def test_no_space_leaves_no_file(tmp_path, monkeypatch):
    tried = set()

    def no_space(fd, at, size):
        tried.add(file_of(fd))
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", no_space)
    for make in (segments.make_memfd, lambda size: segments.make_file(tmp_path, size)):
        with pytest.raises(OutOfMemory, match="no room"):
            make(1 << 20)
    assert not list(tmp_path.iterdir())
    assert len(tried) == 2
    assert not still_open(tried)


def test_a_client_cannot_shrink_memory_under_the_server():
    segment = segments.make_memfd(1 << 16)
    with pytest.raises(PermissionError):
        os.truncate(f"/proc/self/fd/{segment.message().proc_fd.fd}", 0)
    segment.close()


def test_files_of_a_killed_server_are_cleared(tmp_path):
    (tmp_path / "server.log").write_text("kept")
    segments.make_file(tmp_path, 1 << 16)
    segments.clear(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["server.log"]


def test_files_are_for_this_user_only(tmp_path):
    segment = segments.make_file(tmp_path, 1 << 16)
    assert os.stat(segment.message().file).st_mode & 0o777 == 0o600
    segment.close()
    assert not list(tmp_path.iterdir())


@given(st.integers(1, 1 << 40))
def test_size_class_wastes_an_eighth_at_most(count):
    size = size_class(count)
    assert count <= size <= count + max(1 << 16, count // 8 + 1)
    assert size_class(size) == size


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 9)), max_size=60))
def test_accounts_are_exact_whatever_happens(steps):
    """Steps 0-5 lease a size, 6 frees the oldest, 7 holds, 8 drops, 9 ends and opens again."""

    made = set()

    def make(size):
        segment = segments.make_memfd(size)
        made.add(file_of(segment.message().proc_fd.fd))
        return segment

    async def story():
        pool = pool_of(make, "a", "b")
        mine = {"a": [], "b": []}
        used = []
        for session, step in steps:
            if step < 6:
                lease = await pool.lease(session, (step + 1) * 50_000)
                mine[session].append(lease)
            elif step == 6 and mine[session]:
                pool.free(session, [mine[session].pop(0).ref()])
            elif step == 7 and mine[session]:
                pool.hold(mine[session][0])
                used.append(mine[session][0])
            elif step == 8 and used:
                pool.drop(used.pop())
            elif step == 9:
                pool.end(session)
                pool.open(session)
                mine[session].clear()
            alive = set(mine["a"]) | set(mine["b"]) | set(used)
            totals = pool.totals()
            assert totals.leases == len(alive)
            assert totals.lease_bytes == sum(lease.segment.bytes for lease in alive)
            assert totals.bytes <= MEMORY
        pool.end("a")
        pool.end("b")
        while used:
            pool.drop(used.pop())
        assert pool.totals().leases == 0
        pool.trim(0.0)
        assert pool.totals() == pb.PoolStatus()

    run(story())
    assert not still_open(made)
