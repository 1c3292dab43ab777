package dev.varve.rigs;
public class TryE { public static void main(String[] a) throws Exception {
 long t=System.nanoTime(); Findings all=new Findings();
 int stride=Integer.parseInt(a[0]); long seed=Long.parseLong(a[1]); int steps=Integer.parseInt(a[2]);
 String filter = a.length>3?a[3]:"";
 for (RigCase c : RigCase.all(seed, steps)) { if(!c.toString().contains(filter)) continue; Findings f=new Findings(); ErrorRig.explore(c, a.length>4 && !a[4].equals("-")?CrashRig.Planted.lie(Lie.valueOf(a[4])):CrashRig.Planted.NOTHING, new ErrorRig.Sample(stride,a.length>5?Long.parseLong(a[5]):-1), f); System.out.println(c+" "+f); if(all.violationCount()<8) f.violations().forEach(System.out::println); all.add(f);} 
 System.out.println(all+" "+(System.nanoTime()-t)/1000000+" ms"); } }
