"""One screen, one thread, one step: the loop that joins the stages."""
