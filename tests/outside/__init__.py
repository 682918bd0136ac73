"""What somebody outside adds to the zoo, as they would write it: a file each, none of the tree."""
