"""The speed of harmonium beside that of its peers: ``make bench``; the package never imports it."""
