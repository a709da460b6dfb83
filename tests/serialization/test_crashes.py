"""A save that does not come to its end leaves the old file as it was, and nothing beside it."""

import os
import signal
import subprocess
import sys
import time

import pytest

import autodiff


class Unwilling:
    def __reduce__(self):
        raise RuntimeError("not me")


@pytest.mark.parametrize("new", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("when", ["pickling", "writing", "interrupted", "at the end"])
def test_the_old_file_stays(when, new, tmp_path, monkeypatch):
    path = tmp_path / "model.pt"
    autodiff.save({"x": autodiff.ones(3)}, path, _use_new_zipfile_serialization=new)
    before = path.read_bytes()
    obj = {"x": autodiff.zeros(3), "y": autodiff.zeros(3)}
    if when == "pickling":
        obj["z"] = Unwilling()
    elif when == "at the end":
        monkeypatch.setattr(os, "fsync", lambda fd: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    else:
        error = KeyboardInterrupt if when == "interrupted" else OSError(28, "No space left on device")
        from autodiff.serialization import archive, legacy

        place, name = (archive.Writer, "write_end_of_file") if new else (legacy.pickle, "dumps")
        monkeypatch.setattr(place, name, lambda *args: (_ for _ in ()).throw(error))
    with pytest.raises((RuntimeError, OSError, KeyboardInterrupt)):
        autodiff.save(obj, path, _use_new_zipfile_serialization=new)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["model.pt"]


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
def test_a_process_killed_while_it_writes(tmp_path):
    path = tmp_path / "model.pt"
    autodiff.save({"n": -1, "x": autodiff.ones(3)}, path)
    program = (
        "import sys, autodiff as torch\n"
        "x = torch.zeros(300_000)\n"
        "print('ready', flush=True)\n"
        "n = 0\n"
        "while True:\n"
        "    torch.save({'n': n, 'x': x + n}, sys.argv[1]); n += 1\n"
    )
    for wait in (0.02, 0.05):
        process = subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE)
        process.stdout.readline()
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        found = autodiff.load(path)
        assert found["n"] == -1 or bool((found["x"] == found["n"]).all())


def test_links_modes_and_devices(tmp_path):
    real, link = tmp_path / "real.pt", tmp_path / "link.pt"
    autodiff.save(1, real)
    real.chmod(0o640)
    link.symlink_to(real)
    autodiff.save(2, link)
    assert link.is_symlink()
    assert autodiff.load(real) == 2
    assert real.stat().st_mode & 0o777 == 0o640
    autodiff.save(3, "/dev/null")
    for wrong, error in ((tmp_path / "none" / "x.pt", RuntimeError), (tmp_path, OSError)):
        with pytest.raises(error):
            autodiff.save(1, wrong)
    with pytest.raises(FileNotFoundError):
        autodiff.load(tmp_path / "nowhere.pt")
