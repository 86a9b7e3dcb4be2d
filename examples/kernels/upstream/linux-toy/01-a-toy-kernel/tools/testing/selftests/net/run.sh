#!/bin/sh
# Somebody answers.
echo "ok 1 net"
