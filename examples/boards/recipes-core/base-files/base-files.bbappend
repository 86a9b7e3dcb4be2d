SUMMARY:append = ", and our greeting"
