#!/bin/sh
cat /etc/board-id
