"""What in labelled data a person should look at: wrong labels, copies, files that are broken."""
