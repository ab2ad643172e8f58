// The dataset view: the rows of a dataset file of any size, read by page from the lab server's line index. Perplexity and
// token colours come for the rows in sight only; the selected row opens below or beside with all that is known about it.
export {};
