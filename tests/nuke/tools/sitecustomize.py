"""Put on a test server's PYTHONPATH: its workers also offer the tools of this folder."""

import os

import backlot_server.tools

backlot_server.tools.__path__.append(os.path.dirname(__file__))
