v6.2-rc1
