"""What reading files must not drag into a worker."""

import subprocess
import sys

READ = """
import sys
from tests.support.datasets import with_fields
from tests.unit.files.reading import read
of = with_fields(
    {"name": "a", "type": "number", "constraints": {"minimum": 0, "enum": [1, 2]}},
    {"name": "b", "type": "time"},
    {"name": "c", "constraints": {"maxLength": 1, "pattern": "x*"}},
    {"name": "d", "type": "boolean"},
)
found = read(b"a,b,c,d\\n1,10:00:00,x,1\\nz,10:00,yy,2\\n1,10:00:00,\\xc3\\xa9,\\nragged\\n", of=of)
assert (len(found.rows), len(found.rejects)) == (1, 3)
print("pandas" in sys.modules)
"""


def test_pandas_is_not_imported_where_it_is_installed() -> None:
    done = subprocess.run([sys.executable, "-c", READ], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
