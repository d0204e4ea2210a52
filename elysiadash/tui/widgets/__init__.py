"""One module per widget; widgets get plain values and know no client."""
