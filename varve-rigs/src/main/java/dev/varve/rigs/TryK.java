package dev.varve.rigs;
public class TryK { public static void main(String[] a) throws Exception {
 for (KillWriter.Bug bug : KillWriter.Bug.values()) { Findings f=new Findings(); java.nio.file.Path d = java.nio.file.Files.createTempDirectory("kr"); long t=System.nanoTime();
 new KillRig(d, 1, bug, f).run(Integer.parseInt(a[0])); System.out.println(bug+" "+f+" "+(System.nanoTime()-t)/1000000+" ms"); f.violations().forEach(System.out::println); } } }
