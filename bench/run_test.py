#!/usr/bin/python3
"""What ./dev bench makes of figures: units, quotients, bars."""
import json
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import run  # noqa: E402

# Answers like a Google Benchmark program, with a time for the seal and one for libsrtp.
PROGRAM = """#!/bin/sh
cat <<'TEXT'
{"benchmarks": [
 {"name": "srtp/node/120_median", "run_name": "srtp/node/120", "aggregate_name": "median",
  "time_unit": "ns", "real_time": 1500.0, "cpu_time": 1200.0},
 {"name": "srtp/node/120_mean", "run_name": "srtp/node/120", "aggregate_name": "mean",
  "time_unit": "ns", "real_time": 9000.0, "cpu_time": 9000.0},
 {"name": "srtp/libsrtp/120_median", "run_name": "srtp/libsrtp/120", "aggregate_name": "median",
  "time_unit": "ns", "real_time": 1100.0, "cpu_time": 1000.0},
 {"name": "udp/path/6/1100/iterations:9/manual_time_median", "aggregate_name": "median",
  "run_name": "udp/path/6/1100/iterations:9/manual_time", "time_unit": "ns",
  "real_time": 50000.0, "cpu_time": 90000.0, "ratio": 1.4, "node_send_us": 5.0},
 {"name": "frame/path/manual_time_median", "run_name": "frame/path/manual_time",
  "aggregate_name": "median", "time_unit": "ms", "real_time": 0.0, "cpu_time": 9.0, "pictures": 0},
 {"name": "frame/part/manual_time_median", "run_name": "frame/part/manual_time",
  "aggregate_name": "median", "time_unit": "ms", "real_time": 20.0, "cpu_time": 40.0,
  "pictures": 150, "ratio": 1.1}
]}
TEXT
"""


class Rows(unittest.TestCase):
    def rows(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "bench-node")
            with open(path, "w", encoding="utf-8") as stream:
                stream.write(PROGRAM)
            os.chmod(path, 0o755)
            return run.google(folder, "node", 1)

    def value(self, case, metric):
        found = [r for r in self.rows() if r["case"] == case and r["metric"] == metric]
        self.assertEqual(len(found), 1, (case, metric))
        return found[0]

    def test_only_medians_are_rows(self):
        self.assertEqual(self.value("srtp/node/120", "cpu_time")["value"], 1200.0)

    def test_two_cases_of_one_run_become_a_ratio(self):
        self.assertAlmostEqual(self.value("srtp/120", "ratio")["value"], 1.2)

    def test_a_manual_time_leaves_no_cpu_time(self):
        self.assertEqual(self.value("udp/path/6/1100", "ratio")["unit"], "x")
        self.assertEqual(self.value("udp/path/6/1100", "node_send_us")["unit"], "us")
        self.assertFalse([r for r in self.rows()
                          if r["case"] == "udp/path/6/1100" and r["metric"] == "cpu_time"])

    def test_what_brought_no_picture_through_is_missed_and_has_no_times(self):
        self.assertEqual(self.value("frame/part", "ratio")["value"], 1.1)
        rows = [r for r in self.rows() if r["case"] == "frame/path"]
        self.assertEqual([(r["metric"], r["value"]) for r in rows], [("pictures", 0)])
        self.assertEqual(run.judge(rows), 1)

    def test_a_bar_that_is_missed_is_counted(self):
        case, metric, limit = next((case, metric, limit)
                                   for case, metrics in self.bars().items()
                                   for metric, limit in metrics.items())
        for good in (True, False):
            value = limit["min"] * (1.1 if good else 0.9) if "min" in limit else \
                limit["max"] * (0.9 if good else 1.1)
            rows = [{"case": case, "metric": metric, "value": value, "unit": "x"},
                    {"case": "no bar", "metric": metric, "value": 0, "unit": "x"}]
            self.assertEqual(run.judge(rows), 0 if good else 1)
            self.assertEqual(rows[0]["pass"], good)
            self.assertNotIn("pass", rows[1])

    def test_bars_stand_on_ratios_memory_and_starts_only(self):
        for metrics in self.bars().values():
            for metric in metrics:
                self.assertIn(metric, {*run.RATIOS, *run.LIMITS})

    def test_a_command_alone_tells_its_time_and_its_memory(self):
        program = "import time; held = bytearray(64 << 20)\nwhile time.process_time() < 0.05: pass"
        seconds, mib = run.alone([sys.executable, "-c", program], 60)
        self.assertGreaterEqual(seconds, 0.05)
        self.assertGreaterEqual(mib, 64)

    def test_a_command_that_does_not_end_is_ended_and_is_an_error(self):
        with self.assertRaises(RuntimeError):
            run.alone([sys.executable, "-c", "while True: pass"], 0.2)

    @staticmethod
    def bars():
        with open(os.path.join(run.HERE, "bars.json"), encoding="utf-8") as stream:
            return json.load(stream)


if __name__ == "__main__":
    unittest.main()
