"""One network per file: a picture in, what the network sees in it out."""
