# The start of every attacker: functions to swap two names atomically and to end.

import ctypes, os, signal, stat, sys, time
signalled = []
signal.signal(signal.SIGTERM, lambda *_: signalled.append(True))
deadline = time.monotonic() + 90
libc = ctypes.CDLL(None)

def goes_on():
    return not signalled and time.monotonic() < deadline

def swap(a, b):
    exchange = 2
    return libc.renameat2(-100, os.fsencode(a), -100, os.fsencode(b), exchange) == 0
