"""One package a Greengrass runtime, each able to observe, compare and carry out."""
